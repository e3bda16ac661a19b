/** The agent as one `<script type="module">`: its options are attributes of the tag, and `window.pantrywatch` its calls. */

import { action, start, stop } from './index.js';

const tag = document.querySelector('script[data-pantrywatch-agent]')?.dataset ?? {};
const begin = () =>
  start({
    to: tag.to,
    routes: tag.routes?.split(/\s+/).filter(Boolean),
    hash: 'hash' in tag,
    sample: Number(tag.sample ?? 1),
  });

window.pantrywatch = { action, start: begin, stop };
if (tag.consent !== 'wait') begin();
