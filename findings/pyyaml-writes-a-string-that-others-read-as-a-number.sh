#!/bin/sh
# PyYAML writes the string "08" without quotes, for YAML 1.1 has no such number; to readers of YAML 1.2, as Kubernetes', Go's,
# npm's and ruamel's, it is the number 8. "07" is quoted, so nobody notices below eight.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages pyyaml==6.0.3 ruamel.yaml==0.18.15 gojsonnet==0.22.0
(cd "$work" && npm install --silent --no-audit --no-fund yaml@2.8.1 >"$work/npm.log" 2>&1) || { cat "$work/npm.log"; exit 2; }
python=$work/venv/bin/python

written=$("$python" -c 'import yaml; print(yaml.safe_dump({"position": "08"}), end="")')
expect 'PyYAML 6.0.3 writes the string 08' 'position: 08' "$written"
expect 'PyYAML 6.0.3 writes the string 07' "position: '07'" "$("$python" -c 'import yaml; print(yaml.safe_dump({"position": "07"}), end="")')"
expect 'PyYAML reads it back' "'08'" "$("$python" -c 'import sys, yaml; print(repr(yaml.safe_load(sys.argv[1])["position"]))' "$written")"
expect 'ruamel.yaml 0.18.15 reads' 8 "$("$python" -c 'import sys; from ruamel.yaml import YAML; print(repr(YAML(typ="safe", pure=True).load(sys.argv[1])["position"]))' "$written")"
expect 'npm yaml 2.8.1 reads' '8' "$(cd "$work" && node -e 'console.log(JSON.stringify(require("yaml").parse(process.argv[1]).position))' "$written")"
expect 'gojsonnet 0.22.0 std.parseYaml reads' '8' "$("$python" -c 'import sys, _gojsonnet; print(_gojsonnet.evaluate_snippet("x", "std.parseYaml(%r).position" % sys.argv[1]).strip())' "$written")"
