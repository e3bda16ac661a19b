// The demo CRM's page: hash routes, no framework, no build step.

const element = (id) => document.getElementById(id);
const stages = ["prospecting", "qualification", "proposal", "negotiation", "closed-won", "closed-lost"];
const money = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

let page = 1;
let opened = null;
let lists = 0;

// ---- talking to the API

function session() {
  return JSON.parse(sessionStorage.getItem("session") ?? "null");
}

async function ask(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (session()) headers.Authorization = `Bearer ${session().token}`;
  const response = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const content = await response.json().catch(() => ({}));
  if (response.status === 401 && session()) logOut();
  if (!response.ok) throw new Error(content.error ?? `the server answered ${response.status}`);
  return content;
}

function say(text, bad = false) {
  element("message").textContent = text;
  element("message").classList.toggle("bad", bad);
}

/** Run something that talks to the API; errors are shown, not thrown. */
async function attempt(action) {
  try {
    say("");
    await action();
  } catch (error) {
    say(`That did not work: ${error.message}`, true);
  }
}

// ---- building elements; text is only ever inserted as text

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function row(...cells) {
  return make("tr", {}, ...cells.map((cell) => {
    const number = typeof cell === "number";
    return make("td", { className: number ? "number" : "" }, number ? String(cell) : cell ?? "");
  }));
}

function fill(id, items, build, empty = "None yet.") {
  const children = items.map(build);
  if (!children.length) children.push(element(id).tagName === "TBODY" ? row(empty) : make("li", {}, empty));
  element(id).replaceChildren(...children);
}

// ---- pages

async function showDashboard() {
  const found = await ask("GET", "/dashboard");
  const contacts = found.activity.reduce((sum, kind) => sum + kind.interactions, 0);
  const totals = {
    "Won in 90 days": found.closed.won,
    "Lost in 90 days": found.closed.lost,
    "Interactions in 7 days": contacts,
    "Follow-ups overdue": found.follow_ups_overdue,
  };
  element("totals").replaceChildren(...Object.entries(totals).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, String(value)))));
  const byStage = [...found.pipeline].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
  fill("pipeline", byStage, (stage) => {
    const made = row(stage.stage, stage.opportunities, money.format(stage.value));
    made.lastChild.className = "number";
    return made;
  });
}

async function showOrganizations() {
  const chosen = Object.fromEntries([...new FormData(element("filters"))].filter(([, value]) => value));
  const words = (chosen.q ?? "").trim();
  delete chosen.q;
  const searching = words.length >= 2;
  const path = searching ? `/search?${new URLSearchParams({ q: words })}` : `?${new URLSearchParams({ ...chosen, page })}`;
  const mine = ++lists;
  const found = await ask("GET", `/organizations${path}`);
  if (mine !== lists) return; // requested again in the meantime: a late response must not replace a newer one
  fill("organizations", found.items, (each) => row(
    make("a", { href: `#/organizations/${each.id}` }, each.name), each.city, each.industry_segment, each.priority_level,
  ), "No organization matches.");
  const pages = searching ? 1 : Math.max(1, found.pages);
  element("page-of").textContent = searching ? `${found.items.length} found` : `page ${page} of ${pages}, ${found.total} organizations`;
  element("previous").disabled = searching || page <= 1;
  element("next").disabled = searching || page >= pages;
}

async function showOrganization(id) {
  const found = await ask("GET", `/organizations/${encodeURIComponent(id)}`);
  opened = id;
  element("organization-name").textContent = found.name;
  const place = found.location ? ` (${found.location.latitude}, ${found.location.longitude})` : "";
  element("organization-facts").textContent =
    `${found.industry_segment} in ${found.city}${place}, priority ${found.priority_level}, ${found.account_status}; looked after by ${found.owner_name ?? "nobody"}`;
  fill("interactions", found.interactions, (each) => make("li", {},
    make("b", {}, each.interaction_type.replace("_", "-")), ` on ${day.format(new Date(each.interaction_date))}: ${each.outcome}`,
    each.notes ? make("div", { className: "hint" }, each.notes) : ""));
  fill("contacts", found.contacts, (each) => make("li", {},
    make("b", {}, each.full_name), `, ${each.position}`, each.is_decision_maker ? " (decides)" : ""));
  fill("opportunities", found.opportunities, opportunity);
  element("interaction-form").elements.contact_id.replaceChildren(
    make("option", { value: "" }, "nobody in particular"),
    ...found.contacts.map((each) => make("option", { value: each.id }, each.full_name)));
}

function opportunity(each) {
  const choice = make("select", { ariaLabel: `Stage of ${each.name}` }, ...stages.map((stage) =>
    make("option", { selected: stage === each.stage }, stage)));
  choice.addEventListener("change", () => attempt(async () => {
    await ask("PATCH", `/opportunities/${each.id}/stage`, { stage: choice.value });
    say(`${each.name} is in ${choice.value} now.`);
  }));
  return make("li", {}, make("b", {}, each.name), ` ${money.format(each.estimated_value)} `, choice);
}

// ---- navigation

function route() {
  const [, name, id] = location.hash.split("/");
  const target = !session() ? "login" : name === "organizations" ? (id ? "organization" : "organizations") : "dashboard";
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `page-${target}`;
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.hash === `#/${target === "dashboard" ? target : "organizations"}`;
    link.ariaCurrent = here ? "page" : null;
  }
  element("nav").hidden = element("who").hidden = !session();
  element("user-name").textContent = session()?.user.name ?? "";
  attempt({
    login: async () => {},
    dashboard: showDashboard,
    organizations: showOrganizations,
    organization: () => showOrganization(id),
  }[target]);
}

function logOut() {
  sessionStorage.removeItem("session");
  route();
}

function debounced(action, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

element("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const found = await ask("POST", "/auth/login", Object.fromEntries(new FormData(event.target)));
    sessionStorage.setItem("session", JSON.stringify(found));
    route();
  });
});

element("interaction-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const values = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value));
    await ask("POST", "/interactions", { ...values, organization_id: opened });
    event.target.reset();
    await showOrganization(opened);
    say("Saved.");
  });
});

function firstPage() {
  page = 1;
  attempt(showOrganizations);
}

function turn(by) {
  page += by;
  attempt(showOrganizations);
}

element("filters").addEventListener("submit", (event) => event.preventDefault());
element("filters").addEventListener("change", (event) => event.target.id !== "search" && firstPage());
element("search").addEventListener("input", debounced(firstPage, 250));
element("previous").addEventListener("click", () => turn(-1));
element("next").addEventListener("click", () => turn(1));
element("log-out").addEventListener("click", logOut);
window.addEventListener("hashchange", route);
route();
