// Numbers from the tables of the CRM (exporters/database/queries/business.yaml).
local cells = import '../lib/table_cells.libsonnet';
local plain = (import '../lib/panel.libsonnet').colors.plain;
local words(texts) = cells.texts({ [key]: [texts[key], plain] for key in std.objectFields(texts) });

{
  missing:: 'these numbers are missing: no database has `business` in settings.yaml, or its tables cannot be read. `./run validate` says what to map and to grant.',
  missing_short:: 'no numbers: `./run validate` says why.',
  due:: words({
    overdue_over_30d: 'overdue, more than 30 days',
    overdue_8_to_30d: 'overdue, 8 to 30 days',
    overdue_1_to_7d: 'overdue, 1 to 7 days',
    today: 'today',
    next_7d: 'in the next 7 days',
    later: 'later',
  }),
  fields:: words({
    owner: 'Organization: owner',
    segment: 'Organization: segment',
    priority: 'Organization: priority',
    contact: 'Organization: any contact',
    primary_contact: 'Organization: primary contact',
    value: 'Opportunity: value',
    close_date: 'Opportunity: close date',
    lead_source: 'Opportunity: lead source',
  }),
}
