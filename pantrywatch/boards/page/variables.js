// Variables in texts, as Grafana replaces them: $name, ${name}, ${name:format}, [[name]].
//
// A variable: { name, multi, includeAll, allValue, options: [value…], value: [value…] }; all chosen is value ['$__all'].

const REFERENCE = /\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;
export const ALL = '$__all';

// `lookup(name, path, format)` gives the text for a reference, or undefined: then it stays as it is.
export function replaced(text, lookup) {
  return text.replace(REFERENCE, (whole, plain, bracket, bracketFormat, brace, path, format) => {
    return lookup(plain ?? bracket ?? brace, path, format ?? bracketFormat) ?? whole;
  });
}

export const isAll = (variable) => variable.value.length === 1 && variable.value[0] === ALL;

// The values a choice means.
export function chosen(variable) {
  return isAll(variable) ? variable.options.filter((option) => option !== ALL) : variable.value;
}

const escapeRegex = (value) => value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const escapePromql = (value) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
// In a matcher of regular expressions, which is a string of PromQL at the same time.
const escapeMatcher = (value) => value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]+?.()|]/g, '\\\\$&').replace(/"/g, '\\"');
const alternatives = (values) => (values.length === 1 ? values[0] : `(${values.join('|')})`);

function promqlDefault(variable) {
  const values = chosen(variable);
  if (!variable.multi && !variable.includeAll) return escapePromql(values[0] ?? '');
  return alternatives(values.map(escapeMatcher));
}

function asParameters(variable) {
  return variable.value.map((value) => `var-${variable.name}=${encodeURIComponent(value)}`).join('&');
}

const FORMATS = {
  regex: (values) => alternatives(values.map(escapeRegex)),
  pipe: (values) => values.join('|'),
  csv: (values) => values.join(','),
  raw: (values) => values.join(','),
  json: (values) => JSON.stringify(values),
  doublequote: (values) => values.map((value) => `"${value.replace(/"/g, '\\"')}"`).join(','),
  singlequote: (values) => values.map((value) => `'${value.replace(/'/g, "\\'")}'`).join(','),
  percentencode: (values) => encodeURIComponent(values.length === 1 ? values[0] : `{${values.join(',')}}`),
  text: (values) => values.join(' + '),
  glob: (values) => (values.length === 1 ? values[0] : `{${values.join(',')}}`),
};

export function formatted(variable, format, otherwise) {
  if (format === 'queryparam') return asParameters(variable);
  if (format === 'text' && isAll(variable)) return 'All';
  if (isAll(variable) && variable.allValue) return variable.allValue;
  return FORMATS[format] ? FORMATS[format](chosen(variable)) : otherwise(variable);
}

// In a query; `builtin` holds __interval and so on as texts.
export function inQuery(text, variables, builtin) {
  return replaced(text, (name, _path, format) => {
    if (name in builtin) return String(builtin[name]);
    const variable = variables.get(name);
    return variable && formatted(variable, format, promqlDefault);
  });
}

// In titles and texts people read.
export function inText(text, variables, builtin = {}) {
  return replaced(text, (name, _path, format) => {
    if (name in builtin) return String(builtin[name]);
    const variable = variables.get(name);
    return variable && formatted(variable, format ?? 'text', FORMATS.text);
  });
}

export function allParameters(variables) {
  return [...variables.values()].filter((variable) => variable.inAddress).map(asParameters).join('&');
}

// In an address; `data(path)` gives what belongs to the value clicked, as __field.labels.route.
export function inAddress(text, variables, rangeParameters, data = () => undefined) {
  return replaced(text, (name, path, format) => {
    if (name === '__url_time_range') return rangeParameters;
    if (name === '__all_variables') return allParameters(variables);
    if (name.startsWith('__')) {
      const value = data(path ? `${name}.${path}` : name);
      if (value === undefined) return '';
      return format === 'raw' ? String(value) : encodeURIComponent(value);
    }
    const variable = variables.get(name);
    return variable && formatted(variable, format, (each) => encodeURIComponent(FORMATS.glob(chosen(each))));
  });
}
