const express = require('express');
const pg = require('pg');
const app = express();
// @SNIPPET@
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
// @STATEMENTS@

// The policies of the tables ask for the workspace.
async function within(workspace, text, values) {
  const connection = await pool.connect();
  try {
    await query(connection, "SELECT set_config('crm.workspace', $1, false)", [workspace]);
    return (await query(connection, text, values)).rows;
  } finally {
    connection.release();
  }
}
const answer = (work) => (request, response, next) => work(request).then((rows) => response.json(rows), next);

app.use(express.json());
app.get('/api/contacts', answer(() => within('1', 'SELECT id, "fullName" FROM crm.contact ORDER BY id LIMIT 20')));
app.get('/api/contacts/:id', answer((request) => within(
  '1', 'SELECT id, "fullName", email FROM crm.contact WHERE id = $1', [request.params.id])));
app.get('/api/search', answer((request) => within(
  '1', 'SELECT id FROM crm.contact WHERE lower("fullName") LIKE $1 LIMIT 5', [`%${request.query.q}%`])));
app.post('/api/deals/:id/won', answer(async (request) => {
  await within('1', 'INSERT INTO crm."Activity log" (workspace_id, what) VALUES (1, $1)', ['deal won']);
  return within('1', `UPDATE crm.deal SET stage = 'won', "won at" = now() WHERE id = $1 RETURNING id`, [request.params.id]);
}));
app.post('/api/auth/login', answer(async (request) => {
  const users = await within('1', 'SELECT id FROM crm."User" WHERE email = $1', [request.body.email]);
  return { token: `token-of-${users[0].id}` };
}));
app.get('/healthz', answer(() => within('1', 'SELECT 1 AS ok')));
app.listen(Number(process.argv[2]), '127.0.0.1');
