// When the certificates that checks see expire, Unix time: the verified chain, where there is one, otherwise the first of
// those that were sent. As in alert_rules/synthetic.jsonnet.
{
  expiry(selector='')::
    '(probe_ssl_last_chain_expiry_timestamp_seconds{%(selector)s} > 0 or probe_ssl_earliest_cert_expiry{%(selector)s})' % { selector: selector },
}
