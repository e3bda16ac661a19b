// Reads cases (JSON) on stdin, writes what the page makes of each.
import { readFileSync } from 'node:fs';

const { builtins } = await import(`${process.argv[2]}/builtins.js`);
const { inQuery } = await import(`${process.argv[2]}/variables.js`);
const cases = JSON.parse(readFileSync(0, 'utf8'));
const known = builtins({ from: 0, to: 21_600_000 }, 15_000);
const made = cases.map(({ text, variables }) => inQuery(text, new Map(variables.map((each) => [each.name, { options: [], ...each }])), known));
process.stdout.write(JSON.stringify(made));
