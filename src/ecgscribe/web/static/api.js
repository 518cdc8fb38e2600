// Requests to the server; an error has the server's own line.

export class Unreachable extends Error {}

async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Unreachable("the server cannot be reached; is it still running?");
  }
}

async function answer(response) {
  if (response.ok) return response;
  let problem = `the server answered ${response.status}`;
  try { problem = (await response.json()).problem || problem; } catch { /* not JSON */ }
  throw new Error(problem);
}

export async function get(path, query = {}) {
  const text = new URLSearchParams(query).toString();
  return (await answer(await ask(text ? `${path}?${text}` : path))).json();
}

export async function getFloats(path) {
  const response = await answer(await ask(path));
  return new Float32Array(await response.arrayBuffer());
}

export async function post(path, content) {
  return (await answer(await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  }))).json();
}
