// Limits of business.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // An activity that people completed at least `completed` times in the same hour a week ago, and not once now. With half of it
  // expected (`share`: the requests of now against those of then, so that a holiday is no news), 20 missing ones are chance
  // once in 22,000 hours. Lower `completed` for a small team, raise it where one person does most of the work.
  CrmBusinessActivityStopped: { completed: 20, share: 0.5, range: '1h', 'for': '5m' },

  // Users active within 7 days against 28 days earlier. The holidays of most people make a third; raise it to 0.5 for a team that
  // leaves all at once. `users`: below that a single person is too large a share.
  CrmBusinessUsersLeaving: { share: 0.7, users: 10, before: '28d', 'for': '1h' },

  // Of all organizations with a date for the next contact: those that have been overdue for more than 30 days. An arbitrary
  // share; set it to what your team accepts.
  CrmBusinessFollowUpsOverdue: { share: 0.25, least: 20, 'for': '1h' },

  // Organizations of this priority without an interaction for so long, of all of that priority. Name the highest priority of
  // your CRM, and what your team has promised it.
  CrmBusinessCustomersNeglected: { share: 0.25, least: 5, priority: 'A', longer_than: '90d', 'for': '1h' },
}
