/** What the files of a page load weighed, by kind, and where they came from. No address leaves the browser. */

const BY_INITIATOR = { script: 'script', img: 'image', fetch: 'request', xmlhttprequest: 'request' };
/** For what a link or a style sheet asked for. */
const BY_NAME = [
  ['style', /\.css$/],
  ['script', /\.m?js$/],
  ['font', /\.(woff2?|[ot]tf)$/],
  ['image', /\.(png|jpe?g|gif|svg|webp|avif)$/],
];

function kindOf({ name, initiatorType }) {
  if (initiatorType === 'navigation') return 'document';
  const path = name.split('?')[0];
  return BY_INITIATOR[initiatorType] ?? BY_NAME.find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
}

/** Return the sums for each kind of everything that the browser has recorded so far, at most its 250 entries. */
export function weigh() {
  const kinds = {};
  ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type)).forEach((entry) => {
    const kind = kindOf(entry);
    const sums = (kinds[kind] ??= { kind, network_bytes: 0, cache_bytes: 0, network: 0, cache: 0, unknown: 0 });
    const { transferSize, encodedBodySize } = entry;
    if (!(transferSize + encodedBodySize)) sums.unknown += 1;
    else if (transferSize >= encodedBodySize) sums.network += 1;
    else {
      sums.cache += 1; // what the server had to say about its copy was sent nevertheless
      sums.cache_bytes += encodedBodySize;
    }
    sums.network_bytes += transferSize;
  });
  return Object.values(kinds);
}
