// Reads objects as a JSON list from the standard input, and prints a line for each that its schema refuses, or that no
// schema here knows.
import { readFileSync } from "node:fs";
import * as monitoring from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import * as alpha from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1";
import * as keda from "@kubernetes-models/keda/keda.sh/v1alpha1";

const known = {
  "monitoring.coreos.com/v1": monitoring,
  "monitoring.coreos.com/v1alpha1": alpha,
  "keda.sh/v1alpha1": keda,
};

for (const object of JSON.parse(readFileSync(0, "utf8"))) {
  const { apiVersion, kind, ...fields } = object;
  const name = `${kind}/${object.metadata.name}`;
  const Model = known[apiVersion]?.[kind];
  if (!Model) {
    console.log(`${name}: no schema of ${apiVersion}`);
    continue;
  }
  try {
    new Model(fields).validate();
  } catch (error) {
    console.log(`${name}: ${error.message}`);
  }
}
