// Counters whose labels tell outcomes (a status, a route, a class of error) begin with their first event: 40 errors within one
// scrape interval are a series whose first sample is 40, and increase() sees none of them.
//
// A series that the window's start did not have began at 0, if its instance says so: all series of the family together grew by
// as much. They did not where labels were changed, where a collector responds again after an outage, and where the instance
// is new or restarted: what it counted before its first scrape stays unknown.
local born_late = ['http_server_', 'http_client_', 'db_client_', 'browser_'];

{
  local births = self,

  // What all series of a family together grew by over `window`, for each instance.
  growth(family, window)::
    'sum by (job, instance) (%s) - sum by (job, instance) (%s offset %s)' % [family, family, window],

  // increase() over `range` of a selector, with what a series counted before its first sample. `window`, where `range` is
  // longer than what is asked for by a scrape: that, and by what the result is divided. `growth`: the recorded growth of
  // the family over the window, where a rule before this one in its group records it: then it is computed once.
  increase(selector, range, window=range, factor='', growth='')::
    local counted = 'increase(' + selector + '[' + range + '])';
    local name = std.split(selector, '{')[0];
    local family = std.strReplace(name, '_bucket', '_count');
    if [prefix for prefix in born_late if std.startsWith(name, prefix)] == [] then counted
    else
      '(((%(selector)s unless %(selector)s offset %(window)s) <= on (job, instance) group_left () '
      % { selector: selector, window: window }
      + (if growth == '' then '(%s)' % births.growth(family, window) else growth) + ')'
      + (if factor == '' then '' else ' * ' + factor) + ' or ' + counted + ')',
}
