/**
 * Runs every scenario with one client over one choice of transports:
 *
 *     node scenario.js <url> <4|3|2|1|4-msgpack|4-deflated> <polling|websocket|upgrade> [scenario ...]
 *
 * The last line of standard output is the verdict, one JSON object: {client, transports, scenarios: {name: {ok, ms, error}}}.
 * A line {"ask": "restart"} before it asks whoever started this program to restart the server on the same port; a line on
 * standard input says that it is done.
 */
"use strict";

const readline = require("node:readline");
const { Peer } = require("./peer");

const SCENARIO_LIMIT = 20_000; // milliseconds; a scenario that takes longer has failed
const LIMIT = 120_000; // milliseconds for the whole program

const SCENARIOS = {
  ...require("./scenarios/connecting"),
  ...require("./scenarios/events"),
  ...require("./scenarios/acknowledgements"),
  ...require("./scenarios/handlers"),
  ...require("./scenarios/rooms"),
  ...require("./scenarios/selections"),
  ...require("./scenarios/namespaces"),
  ...require("./scenarios/dynamic_namespaces").forAllVersions,
  ...require("./scenarios/dynamic_namespaces").withAuth,
  ...require("./scenarios/disconnects"),
  ...require("./scenarios/order"),
  ...require("./scenarios/compression"),
  ...require("./scenarios/restart"),
  ...require("./scenarios/crowd"), // last: it also checks that nothing is left of the others
};

/** Clients of Socket.IO 1 and 2 come, join namespaces and go in their own way. */
const OLDER_SCENARIOS = {
  ...require("./scenarios/older"),
  ...require("./scenarios/events"),
  ...require("./scenarios/acknowledgements"),
  ...require("./scenarios/rooms"),
  ...require("./scenarios/dynamic_namespaces").forAllVersions,
  ...require("./scenarios/order"),
  ...require("./scenarios/restart"),
  ...require("./scenarios/crowd"),
};

async function limited(promise, limit) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

async function main([url, version, transports, ...names]) {
  const input = readline.createInterface({ input: process.stdin });
  const restart = () =>
    new Promise((resolve) => {
      input.once("line", resolve);
      console.log(JSON.stringify({ ask: "restart" }));
    });
  const verdict = { client: require(`${Peer.packages[version]}/package.json`).version, transports, scenarios: {} };
  const scenarios = ["1", "2"].includes(version) ? OLDER_SCENARIOS : SCENARIOS;
  for (const name of names.length > 0 ? names : Object.keys(scenarios)) {
    const peer = new Peer(url, version, transports, restart);
    const started = performance.now();
    const result = { ok: true };
    try {
      await limited(scenarios[name](peer), SCENARIO_LIMIT);
    } catch (error) {
      result.ok = false;
      result.error = error.stack;
    } finally {
      peer.close();
    }
    result.ms = Math.round(performance.now() - started);
    verdict.scenarios[name] = result;
  }
  console.log(JSON.stringify(verdict));
  process.exit(Object.values(verdict.scenarios).every((result) => result.ok) ? 0 : 1);
}

setTimeout(() => {
  console.error(`not done within ${LIMIT} ms`);
  process.exit(2);
}, LIMIT).unref();

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(2);
});
