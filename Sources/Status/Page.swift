/// The status page: one file that loads nothing from elsewhere, shows the cameras live, and draws what it has seen
/// since it was opened.
enum Page {
  static let html = ##"""
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Vedette</title>
    <style>
    :root { color-scheme: light dark; --line: #8884; --ok: #1a7f37; --warning: #9a6700; --critical: #cf222e }
    body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem 2rem }
    header { border-radius: 6px; color: #fff; display: flex; flex-wrap: wrap; gap: .2rem .8rem; margin: 1rem 0;
      padding: .7rem 1rem; background: #57606a }
    header.ok { background: var(--ok) } header.warning { background: var(--warning) }
    header.critical { background: var(--critical) }
    header b { text-transform: uppercase }
    header small { margin-left: auto; opacity: .85 }
    #alarms div { border-left: 4px solid var(--warning); margin: .4rem 0; padding: .2rem .7rem }
    #alarms:not(:empty) { margin-bottom: 1rem }
    #alarms div.critical { border-color: var(--critical) }
    .grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)) }
    .card { border: 1px solid var(--line); border-radius: 6px; overflow: hidden }
    .card h2 { font-size: 1rem; margin: 0; padding: .5rem .8rem }
    .card h2 span { float: right; font-weight: normal }
    .card h2 span.bad { color: var(--critical); font-weight: bold }
    .card img { aspect-ratio: 16/9; background: #0008; display: block; color: #fff; object-fit: contain; width: 100% }
    .card p, .words { margin: .5rem .8rem; overflow-wrap: anywhere }
    .card p:empty { display: none }
    .palette { display: flex; height: 1rem }
    canvas { display: block; height: 8rem; width: 100% }
    h1 { font-size: 1.1rem; margin: 1.4rem 0 .5rem }
    </style>
    <header id="head"><b id="health">…</b><span id="verdict">asking</span><small id="node"></small></header>
    <div id="alarms"></div>
    <div class="grid" id="cameras"></div>
    <h1>The last hour</h1>
    <div class="grid">
    <div class="card"><h2>Frames delivered a second <span id="rate"></span></h2><canvas id="rates"></canvas></div>
    <div class="card"><h2>Spool <span id="spool"></span></h2><canvas id="spools"></canvas></div>
    </div>
    <h1>Box</h1><div id="box"></div>
    <script>
    "use strict";
    const $ = id => document.getElementById(id), cards = new Map();
    // A browser has six connections to one address; the rest of the cameras are shown by single pictures.
    const streamsMax = 4;
    let last = null;
    const bytes = n => { let u = 0; while (n >= 1000 && u < 4) { n /= 1000; u++ }
      return n.toFixed(u && n < 100 ? 1 : 0) + " " + ["B", "kB", "MB", "GB", "TB"][u] };
    function put(element, text) { if (element.textContent !== text) element.textContent = text }
    function card(name) {
      if (cards.has(name)) return cards.get(name);
      const box = document.createElement("div"), head = document.createElement("h2"),
        state = document.createElement("span"), image = document.createElement("img"), text = document.createElement("p"),
        rows = document.createElement("div");
      box.className = "card"; head.append(name, state); image.alt = name + " live";
      const path = "/cameras/" + encodeURIComponent(name);
      const isLive = cards.size < streamsMax;
      const load = () => { image.src = path + (isLive ? "/stream?fps=5&at=" : "/snapshot.jpg?at=") + Date.now() };
      if (!isLive) image.onload = () => setTimeout(load, 1000);
      image.onerror = () => setTimeout(load, 3000);
      box.append(head, image, rows, text); $("cameras").append(box);
      const made = { box, state, text, rows }; cards.set(name, made); load(); return made;
    }
    // The last hour is the whole width, however young the agent is.
    const pointsShown = 720;
    function plot(canvas, points, words) {
      const scale = devicePixelRatio || 1, w = canvas.clientWidth * scale, h = canvas.clientHeight * scale;
      canvas.width = w; canvas.height = h;
      const g = canvas.getContext("2d"), top = Math.max(1, ...points) * 1.1;
      const y = value => h - 2 * scale - (h - 4 * scale) * value / top;
      const most = Math.max(0, ...points);
      if (points.length && most > 0) {
        g.strokeStyle = "#8886"; g.beginPath(); g.moveTo(0, y(most)); g.lineTo(w, y(most)); g.stroke();
        g.fillStyle = "#888"; g.font = 12 * scale + "px sans-serif"; g.fillText("most " + words(most), 8 * scale, y(most) + 15 * scale);
      }
      g.strokeStyle = "#2f81f7"; g.lineWidth = 2 * scale; g.beginPath();
      points.forEach((value, i) => g.lineTo(w * (i + pointsShown - points.length) / (pointsShown - 1), y(value)));
      g.stroke();
    }
    async function remember() {
      try {
        const past = await (await fetch("/history", { cache: "no-store" })).json();
        plot($("rates"), past.delivered_per_s, n => n.toFixed(1)); plot($("spools"), past.spool_bytes, bytes);
      } catch (error) { console.warn("the last hour is not known: " + error) }
      setTimeout(remember, 5000);
    }
    function show(s) {
      $("head").className = s.health; put($("health"), s.health);
      put($("verdict"), s.alarms.length > 1 ? s.alarms.length + " alarms" : s.alarms.length ? "1 alarm" : s.verdict);
      put($("node"), s.node + " " + s.version); document.title = s.health + ": " + s.node;
      $("alarms").replaceChildren(...s.alarms.map(a => { const div = document.createElement("div");
        div.className = a.severity; div.textContent = a.message; return div }));
      let delivered = 0;
      for (const c of s.cameras) {
        const made = card(c.name); delivered += c.ledger.delivered;
        put(made.state, c.state.replace("_", " ")); made.state.className = c.state === "streaming" && c.outcome.lost_share <= 0.05 ? "" : "bad";
        const n = c.negotiated, dropped = Object.values(c.ledger.dropped).reduce((a, b) => a + b, 0);
        put(made.text, (n && n.format ? n.format + (n.width ? " " + n.width + "x" + n.height : "") + ", " : "") + c.measured_fps.toFixed(1) +
          " fps, delivered " + c.ledger.delivered + ", waiting " +
          (c.ledger.in_pipeline + c.ledger.in_memory + c.ledger.in_flight + c.ledger.spooled) + ", dropped " + dropped +
          (c.outcome.lost ? ", lost " + (100 * c.outcome.lost_share).toFixed(0) + " % of the last " + c.outcome.seconds.toFixed(0) + " s: " +
            c.outcome.reason : "") +
          (c.state !== "streaming" && c.detail ? "; " + c.detail : ""));
      }
      if (last) {
        const seconds = s.uptime_s - last.at, rate = seconds > 0 ? Math.max(0, (delivered - last.delivered) / seconds) : 0;
        put($("rate"), rate.toFixed(1));
      }
      last = { at: s.uptime_s, delivered };
      put($("spool"), s.spool ? s.spool.records + (s.spool.records === 1 ? " record waits (" : " records wait (") + bytes(s.spool.waiting_bytes) + "), " + bytes(s.spool.bytes) + " of " + bytes(s.spool.quota) + " on disk" : "off");
      for (const c of s.analysis ? s.analysis.cameras : []) {
        const made = card(c.name);
        s.analysis.rows.forEach((r, i) => {
          const row = made.rows.children[i] || made.rows.appendChild(document.createElement("div")), seen = c[r.name];
          if (!seen.length) { row.className = ""; row.replaceChildren(); return }
          if (!seen[0].rgb) { row.className = "words"; put(row, (r.title ? r.title + ": " : "") + seen.join(", ")); return }
          row.className = "palette";
          row.replaceChildren(...seen.map(p => { const part = document.createElement("span");
            part.style.background = p.rgb; part.style.flexGrow = 1000 * p.share; part.title = p.rgb; return part }));
        });
      }
      const y = s.system;
      put($("box"), ["brokers " + s.delivery.brokers.join(", "),
        y.clock_synchronised === null ? "clock unknown" : y.clock_synchronised ? "clock synchronised" : "clock not synchronised",
        y.disk_free === null ? "" : "disk " + bytes(y.disk_free) + " free",
        y.temperature_c === null ? "" : y.temperature_c + " °C", "agent " + bytes(y.resident_bytes)].filter(t => t).join(" · "));
    }
    async function turn() {
      try { show(await (await fetch("/status", { cache: "no-store" })).json()) }
      catch (error) { $("head").className = "critical"; put($("health"), "critical"); put($("verdict"), "the agent does not answer") }
      setTimeout(turn, 1000);
    }
    turn(); remember();
    </script>
    </html>

    """##
}
