/** Whether the user lets anything be measured; kept in memory only. */

/** Return whether the browser itself asks for no measurements: Global Privacy Control, or Do Not Track. */
export function refused() {
  return navigator.globalPrivacyControl === true || navigator.doNotTrack === '1';
}
