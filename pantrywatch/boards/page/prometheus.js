// Asks the one Prometheus behind this page; at most a few requests at a time, the rest wait their turn.

const MOST_AT_ONCE = 6;
const waiting = [];
let running = 0;

export class QueryError extends Error {
  constructor(message, query) {
    super(message);
    this.query = query;
  }
}

async function turn(signal) {
  if (running >= MOST_AT_ONCE) await new Promise((go) => waiting.push(go));
  running += 1;
  signal?.throwIfAborted();
}

function done() {
  running -= 1;
  waiting.shift()?.();
}

async function answerOf(path, parameters, signal) {
  const body = new URLSearchParams(parameters);
  const get = !path.startsWith('query');
  const response = await fetch(`/prometheus/api/v1/${path}${get && [...body].length ? `?${body}` : ''}`, {
    signal,
    ...(get ? {} : { method: 'POST', body }),
  });
  try {
    return await response.json();
  } catch {
    return { status: 'error', error: `HTTP ${response.status} without a readable answer` };
  }
}

// The `data` of the answer. QueryError with what Prometheus, or the way to it, says instead.
export async function ask(path, parameters, signal) {
  let answer;
  await turn(signal).catch((error) => {
    done();
    throw error;
  });
  try {
    answer = await answerOf(path, parameters, signal);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new QueryError('The server of this page does not answer. Is it still running?', parameters.query);
  } finally {
    done();
  }
  if (answer.status !== 'success') throw new QueryError(answer.error ?? 'unknown error', parameters.query);
  return answer.data;
}
