// When the certificates that checks see expire, Unix time: the verified chain if there is one, else the first certificate
// to expire of those sent. As in alert_rules/synthetic.jsonnet.
{
  ends(selector='')::
    '(probe_ssl_last_chain_expiry_timestamp_seconds{%(selector)s} > 0 or probe_ssl_earliest_cert_expiry{%(selector)s})' % { selector: selector },
}
