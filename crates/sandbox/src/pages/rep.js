/* What the rep's pages share. */
"use strict";
const $ = (id) => document.getElementById(id);
const base = document.documentElement.dataset.control || "/_control/dynamics365";

/* Everything that people wrote is put in as text, never as markup. */
function make(tag, props, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(base + path, options);
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error || answer.status);
  return json;
}

function facts(title, pairs, note) {
  const list = make("dl");
  for (const [name, value] of pairs) if (value) list.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
  return make("section", {}, make("h3", { textContent: title }), note ? make("p", { className: "quiet", textContent: note }) : null, list);
}

/* The one file that was chosen, as the control API takes it; nothing otherwise. */
async function chosenFiles(input) {
  const [file] = input.files;
  if (!file) return [];
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return [{ name: file.name, content_type: file.type || "application/octet-stream", base64: btoa(text) }];
}
