#!/bin/sh
# A number that becomes part of a text is written with 17 digits by jsonnet and gojsonnet, and with the fewest that mean the
# same number by rjsonnet. A query that is put together from texts differs between them, and so does whatever compares or
# commits the result; '%g' is the same in all.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages jsonnet==0.22.0 gojsonnet==0.22.0 rjsonnet==0.5.6
python=$work/venv/bin/python

written() {
	"$python" -c 'import importlib, json, sys
print(json.loads(importlib.import_module(sys.argv[1]).evaluate_snippet("x", sys.argv[2])))' "$1" "$2"
}

for module in _jsonnet _gojsonnet; do
	expect "$module: '' + 0.2" 0.20000000000000001 "$(written "$module" "'' + 0.2")"
done
expect "rjsonnet: '' + 0.2" 0.2 "$(written rjsonnet "'' + 0.2")"
for module in _jsonnet _gojsonnet rjsonnet; do
	expect "$module: '%g' % 0.2" 0.2 "$(written "$module" "'%g' % 0.2")"
done
