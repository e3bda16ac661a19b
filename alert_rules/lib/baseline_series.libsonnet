// Series of the baselines: of each signal, with its labels and `signal` and `kind`.
//
//   kind   count: events of the hour; share: bad ones among them; gauge: mean of the hour
{
  // Whether the day so many `weeks` ago (0: today) is a holiday of the settings.
  holiday: 'crm:holiday:bool',
  value: 'crm:signal:hour',
  // What its chance comes from: events of a count, bad events of a share.
  events: 'crm:signal_events:hour',
  // Median of the same hour of four weeks, and the same of the events.
  usual: 'crm:signal_usual:hour',
  usual_events: 'crm:signal_usual_events:hour',
  // The value as a share of that, and what that share is today.
  ratio: 'crm:signal_to_usual:ratio',
  today: 'crm:signal_today:ratio',
  // What an hour differs by chance, how far it is from normal in these units, and how far most hours of a week are.
  chance: 'crm:signal_chance:ratio',
  deviation: 'crm:signal_deviation:sigmas',
  spread: 'crm:signal_spread:sigmas',
  normal: 'crm:signal_normal:hour',
  lower: 'crm:signal_lower:hour',
  upper: 'crm:signal_upper:hour',
}
