// When the certificates that checks see end, Unix time: the chain that was verified, where there is one, else the first of
// those that were sent. As in alert_rules/synthetic.jsonnet.
{
  ends(selector='')::
    '(probe_ssl_last_chain_expiry_timestamp_seconds{%(selector)s} > 0 or probe_ssl_earliest_cert_expiry{%(selector)s})' % { selector: selector },
}
