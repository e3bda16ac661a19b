/** Routes are templates of an allow-list, such as /contacts/:id; a path that fits none leaves the browser as ''. */

/**
 * Return the first template that a path fits, one with the same text before all others.
 * @param {string} path without query and fragment
 * @param {string[]} templates
 */
export function fold(path, templates) {
  if (templates.includes(path)) return path;
  const parts = path.split('/');
  return templates.find((template) => fits(parts, template.split('/'))) ?? '';
}

const fits = (parts, wanted) =>
  parts.length === wanted.length &&
  wanted.every((want, index) => (want.startsWith(':') ? parts[index] !== '' : want === parts[index]));

/**
 * Return the path of the page as its router sees it.
 * @param {boolean} inFragment whether the router keeps it behind the `#`
 */
export function path(inFragment) {
  return inFragment ? `/${location.hash.replace(/^#!?\/?/, '').split(/[?#]/)[0]}` : location.pathname;
}
