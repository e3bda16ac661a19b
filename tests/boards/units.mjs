// Reads [value, unit, decimals] (JSON) on stdin, writes the texts the page makes of them.
import { readFileSync } from 'node:fs';

const { format } = await import(`${process.argv[2]}/units.js`);
const cases = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(cases.map(([value, unit, decimals]) => format(value, unit, decimals ?? undefined))));
