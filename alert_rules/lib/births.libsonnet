// Counters whose labels tell outcomes (a status, a route, a class of error) begin with their first event: 40 errors within one
// scrape interval are a series whose first sample is 40, and increase() sees none of them.
//
// A series that the window's start did not have began at 0, if its instance says so: all series of the family together grew by
// as much. They did not where labels were changed, where a collector responds again after an outage, and where the instance
// is new or restarted: what it counted before its first scrape stays unknown.
local born_late = ['http_server_', 'http_client_', 'db_client_', 'browser_'];

{
  // increase() over `range` of a selector, with what a series counted before its first sample. `window`, where `range` is
  // longer than what is asked for by a scrape: that, and by what the result is divided.
  increase(selector, range, window=range, factor='')::
    local counted = 'increase(' + selector + '[' + range + '])';
    local name = std.split(selector, '{')[0];
    local family = std.strReplace(name, '_bucket', '_count');
    if [prefix for prefix in born_late if std.startsWith(name, prefix)] == [] then counted
    else
      '(((%(selector)s unless %(selector)s offset %(window)s) <= on (job, instance) group_left () '
      % { selector: selector, window: window }
      + '(sum by (job, instance) (%(family)s) - sum by (job, instance) (%(family)s offset %(window)s)))'
        % { family: family, window: window }
      + (if factor == '' then '' else ' * ' + factor) + ' or ' + counted + ')',
}
