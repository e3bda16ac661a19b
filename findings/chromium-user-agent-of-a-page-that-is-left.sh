#!/bin/sh
# A user agent that is set over the DevTools protocol (`Network.setUserAgentOverride`, which is what `page.setUserAgent` of
# puppeteer sends) is not that of what a page sends with navigator.sendBeacon while it is left: those requests carry the
# browser's own, HeadlessChrome. A receiver of beacons that tells people from programs by it counts the first beacons of a
# visit as a person's, and the last as a robot's. The option --user-agent holds for both.
set -eu
. "$(dirname "$0")/lib.sh"

chromium_packages

cat >"$work/beacons.mjs" <<'TEXT'
import http from 'node:http'
import puppeteer from 'puppeteer-core'

const page = `<!doctype html><script>
  navigator.sendBeacon('/there')
  addEventListener('pagehide', () => navigator.sendBeacon('/left'))
</script>`
const agents = {}
let told
const both = new Promise(done => { told = done })
const server = http.createServer((request, response) => {
  if (request.method === 'POST') agents[request.url] = request.headers['user-agent']
  response.writeHead(request.method === 'POST' ? 204 : 200, {'content-type': 'text/html'})
  response.end(request.method === 'POST' ? undefined : page)
  if (agents['/there'] && agents['/left']) told()
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM, userDataDir: process.env.PROFILE, args: ['--no-sandbox', ...process.argv.slice(2)],
})
const tab = await browser.newPage()
const session = await tab.createCDPSession()
await session.send('Network.setUserAgentOverride', {userAgent: 'Mine/1.0'})
await tab.goto(`http://127.0.0.1:${server.address().port}/`)
await tab.goto('about:blank')
await both
await browser.close()
server.close()
const whose = path => agents[path] === 'Mine/1.0' ? 'mine' : /HeadlessChrome/.test(agents[path]) ? "the browser's" : 'another'
console.log(`${whose('/there')}, ${whose('/left')}`)
TEXT

expect "user agents of two beacons, while the page is there and while it is left" "mine, the browser's" "$(browse beacons.mjs)"
expect "the same with the option --user-agent" 'mine, mine' "$(browse beacons.mjs --user-agent=Mine/1.0)"
