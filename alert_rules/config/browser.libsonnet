// Limits of browser.jsonnet, by alert. `for`: how long the condition must hold before anybody is notified.
{
  // Every load in `range`: a page may show more now and then.
  CrmFrontendBudgetExceeded: { range: '30m', 'for': '5m' },

  // A fifth more than the day before, and at least `bytes`, in the day after a deployment: what it brought, and not what
  // users wrote since. A check that runs less often than every `slow` has `slow_since` for it: it may run once a day.
  CrmFrontendWeightGrown: {
    factor: 1.2,
    bytes: 50000,
    range: '30m',
    since: '1d',
    slow: '4h',
    slow_since: '2d',
    'for': '5m',
  },
}
