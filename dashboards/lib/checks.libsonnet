// Whether checks pass: 1 or 0, the worst where a label keeps several together. One that runs at several places (`vantage`) fails
// where two of them see it, as in the rules (alert_rules/lib/vantages.libsonnet).
local series = import '../../alert_rules/lib/slo_series.libsonnet';

{
  pass(matchers='', labels='check')::
    local braces(more) = std.join(', ', [text for text in [matchers, more] if text != '']);
    'min by (%s) (probe_success{%s} or 1 - %s{%s})' % [labels, braces('vantage=""'), series.check_fails, matchers],
}
