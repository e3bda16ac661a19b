// What was, next to what is usual at this hour of the week (alert_rules/baselines.jsonnet): a line, and its band as thin dashed
// ones, with a surface between them where there is one server: an override names the series it fills down to.
local names = import '../../alert_rules/lib/baseline_series.libsonnet';
local panel = import 'panel.libsonnet';

{
  // `now`: the last hour by what counts it, for there are no bands yet while it is there already. `selector`: which signal;
  // `by`: the label that tells its series apart.
  panel(title, description, now, selector, empty, by='')::
    local named(text) = if by == '' then text else '{{%s}} %s' % [by, text];
    local of(name) = '%s(%s{%s})' % [if by == '' then 'max' else 'max by (%s) ' % by, name, selector];
    local line(width, dash) = {
      color: { mode: 'fixed', fixedColor: 'light-blue' },
      'custom.lineStyle': { fill: 'dash', dash: dash },
      'custom.lineWidth': width,
      'custom.fillOpacity': 0,
    };
    panel.timeseries(
      title,
      description + ' Dashed: usual at this hour of the week, and the band around it. Outside for half an hour: a low alert. No dashed lines: less than five weeks of data, too few events, or a holiday.',
      'short',
      [
        panel.query(now, named('last hour')),
        panel.query(of(names.normal), named('usual')),
        // In this order: the preview fills down to the series before.
        panel.query(of(names.lower), named('usual, at least')),
        panel.query(of(names.upper), named('usual, at most')),
      ],
      empty,
      width=24,
    ) + panel.decimals(0) + panel.one_like('usual$', line(1, [8, 8])) + panel.one_like('usual, at (most|least)$', line(1, [2, 4]))
    + (if by == '' then panel.one('usual, at most', { 'custom.fillBelowTo': 'usual, at least', 'custom.fillOpacity': 10 }) else {}),
}
