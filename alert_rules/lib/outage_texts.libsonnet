// What the message of an outage says besides its fixed words: the class of the error, and what users feel now. Each part is
// there only where its metric is.
function(config)
  local time = (import 'time.libsonnet')(config.speed);
  local requests(more) = 'sum(rate(http_server_request_duration_seconds_count{%s}[%s]))'
                         % [config.selectors.api + more, time.duration('2m')];
  {
    // ': timeout', from what the exporter of this server says.
    class_of(exporter)::
      '{{ with query (printf "topk(1, count by (class) (pantrywatch_collector_error{exporter=\'' + exporter
      + '\',instance=%q} > 0))" $labels.instance) }}: {{ . | first | label "class" }}{{ end }}',

    // The same from the checks of a target.
    class_of_checks(target)::
      '{{ with query "topk(1, count by (class) (pantrywatch_check_error{target=\'' + target
      + '\'} > 0))" }}: {{ . | first | label "class" }}{{ end }}',

    // ' Users feel it: 97% of API requests fail.'
    felt::
      '{{ with query ' + std.escapeStringJson(
        requests(',' + config.selectors.server_errors) + ' / ' + requests('') + ' > 0.01'
      ) + ' }}'
      + ' Users feel it: {{ . | first | value | humanizePercentage }} of API requests fail.{{ end }}',
  }
