// Numbers as text. Only functions of jsonnet 0.18, which lacks std.round.
{
  round(number):: std.floor(number + 0.5),

  // A number of at most ten decimals without the noise of binary fractions, as in 1-0.9995. Integers and concatenation:
  // formatting with % is so slow in the C++ jsonnet that the build would take seconds.
  decimal(number)::
    local places(count) =
      local scaled = number * std.pow(10, count);
      if count == 10 || std.abs(scaled - $.round(scaled)) < 1e-7 then count else places(count + 1);
    local count = places(0);
    if count == 0 then '' + $.round(number) else
      local digits = '' + $.round(std.abs(number) * std.pow(10, count));
      local padded = std.repeat('0', std.max(0, count + 1 - std.length(digits))) + digits;
      local point = std.length(padded) - count;
      (if number < 0 then '-' else '') + padded[0:point] + '.' + padded[point:],

  // A share such as 0.05 as "5%".
  percent(share):: $.decimal(100 * share) + '%',
}
