/** Bundles the agent into dist/: tag.js for a `<script>` tag, index.js for an import, early.js for before all others. */

import { build } from 'esbuild';

/** Names between the agent's own modules, and those of web-vitals that the agent does not read: no names of browsers. */
const INTERNAL = [
  'batch', 'begin', 'block', 'count', 'flush', 'later', 'measure', 'options', 'requests', 'started', 'visit', 'weigh',
  'whenQuiet', 'delta', 'firstHiddenTime', 'includeProcessedEventEntries', 'navigationInteractionId',
  'navigationStartTime', 'navigationURL', 'onHidden', 'rating', 'reportAllChanges', 'reportSoftNavs',
];

await build({
  entryPoints: ['tag', 'index', 'early'].map((name) => `src/${name}.js`),
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'warning',
  mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
  // The agent starts web-vitals once the page is shown, and does not tell a restored tab from another load.
  define: { 'document.prerendering': 'false', 'document.wasDiscarded': 'false' },
});
