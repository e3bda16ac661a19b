// PostgreSQL servers that write a log in another folder than the exporter reads: a file of theirs was written so many seconds later
// than the one that is read. They write each format that is on at the same time. All but `seconds` are expressions.
function(written, formats, read, seconds)
  '(min by (instance) (%s and on (instance, format) %s == 1) - on (instance) max by (instance) (%s) > %d)'
  % [written, formats, read, seconds]
