// What needs history: until there is enough, a cell says so instead of showing a number.
local panel = import 'panel.libsonnet';
local colors = panel.colors;

// Stands in a cell for "too early to say": no share, time or size shown that way is negative.
local early = -1;

// The older half of a range: a forecast from less would show a pace that nobody has seen yet.
local halves = { '6h': '3h', '1d': '12h', '1w': '84h' };

{
  mapping:: { ['%d' % early]: ['too early', colors.unknown] },
  words:: 'Too early: there is not enough history yet.',

  // Whether `series` has samples in the older half of `range`, for each value of `labels`.
  known(series, range, labels)::
    'min by (%s) (last_over_time(%s[%s] offset %s))' % [labels, series, halves[range], halves[range]],

  // `expr` where there is history, with the same `labels`; nothing elsewhere.
  only(expr, series, range, labels):: '%s and on (%s) %s' % [expr, labels, self.known(series, range, labels)],

  // `expr` where `known` has a value, "too early" where it has none but `exists` has; all with the labels of `exists`.
  or_early(expr, known, exists, labels)::
    '(%s and on (%s) %s) or on (%s) (0 * %s + %d)' % [expr, labels, known, labels, exists, early],
}
