// Ways from a board to the others.
{
  // Every board of the bundle, with the time and the choices made here.
  boards:: {
    type: 'dashboards',
    title: 'CRM boards',
    tags: ['crm'],
    asDropdown: true,
    keepTime: true,
    includeVars: true,
    targetBlank: false,
    icon: 'external link',
    tooltip: 'Other boards, with the same time range',
    url: '',
  },

  // One page an alert.
  runbooks:: {
    type: 'link',
    title: 'Runbooks',
    tags: [],
    asDropdown: false,
    keepTime: false,
    includeVars: false,
    targetBlank: true,
    icon: 'doc',
    tooltip: 'What to do about each alert',
    url: '${runbooks}docs/runbooks/',
  },

  // What the words on boards and in messages mean.
  terms:: self.runbooks {
    title: 'Terms',
    icon: 'doc',
    tooltip: 'What the words here mean: states, basis, budgets',
    url: '${runbooks}docs/terms.md',
  },
}
