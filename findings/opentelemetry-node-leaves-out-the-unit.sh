#!/bin/sh
# One histogram of OpenTelemetry's semantic conventions, http.server.request.duration in seconds, read by the Prometheus
# exporters of two languages: Python's names it http_server_request_duration_seconds, Node's http_server_request_duration. A
# rule written for one finds nothing of the other.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages opentelemetry-sdk==1.39.1 opentelemetry-exporter-prometheus==0.60b1
(cd "$work" && npm install --silent --no-audit --no-fund @opentelemetry/api@1.10.0 @opentelemetry/sdk-metrics@3.1.0 \
	@opentelemetry/exporter-prometheus@0.301.0 >"$work/npm.log" 2>&1) || {
	cat "$work/npm.log"
	say 'error: npm could not install OpenTelemetry'
	exit 2
}
cat >"$work/node.mjs" <<-'TEXT'
	import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
	import { MeterProvider } from '@opentelemetry/sdk-metrics';
	const reader = new PrometheusExporter({ preventServerStart: true });
	const provider = new MeterProvider({ readers: [reader] });
	provider.getMeter('m').createHistogram('http.server.request.duration', { unit: 's' }).record(0.2);
	console.log(new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics));
TEXT
cat >"$work/python.py" <<-'TEXT'
	from opentelemetry.exporter.prometheus import PrometheusMetricReader
	from opentelemetry.sdk.metrics import MeterProvider
	from prometheus_client import generate_latest
	provider = MeterProvider(metric_readers=[PrometheusMetricReader()])
	provider.get_meter("m").create_histogram("http.server.request.duration", unit="s").record(0.2)
	print(generate_latest().decode())
TEXT
(cd "$work" && node node.mjs) >"$work/node.txt"
"$work/venv/bin/python" "$work/python.py" >"$work/python.txt"

named() { sed -n 's/^\(http_server[a-z_]*\)_count.*/\1/p' "$work/$1.txt"; }
expect 'Python: the name' http_server_request_duration_seconds "$(named python)"
expect 'Node: the name' http_server_request_duration "$(named node)"
