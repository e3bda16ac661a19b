// Requests by how long they took, of all instances together: where an API has many routes on many instances, boards read these
// few series instead of a histogram of each instance. Recorded in api.jsonnet: requests of the last minute, every minute.
{
  buckets:: 'job_route:http_server_request_duration_seconds_bucket:increase1m',
  // The value of their `instance`: `All` of a board matches it (`.+`), the name of an instance does not.
  instance:: 'all',
  window:: '1m',
  // Requests that alerts judge by an edge of their histograms.
  judged:: 'job_route:http_server_requests_judged:increase1m',
}
