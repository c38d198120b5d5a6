"use strict";

const assert = require("node:assert/strict");
const { ask, once } = require("../peer");

/** What clients of every version can see. */
const forAllVersions = {
  async "hears what is sent to several namespaces of a pattern"(peer) {
    const mark = `${process.hrtime.bigint()}`;
    const jobs = await Promise.all(["a", "b", "b", "c"].map((name) => peer.connect(`/job/${mark}-${name}`)));
    const heard = jobs.slice(0, 3).map((job) => once(job, "told"));
    jobs[3].on("told", () => assert.fail("was not meant"));
    jobs[3].emit("tell jobs", [`${mark}-a`, `${mark}-b`], "hello");
    assert.deepEqual(await Promise.all(heard), Array(3).fill(["hello", `${mark}-c`]));
    await ask(jobs[3], "which");
  },

  async "is answered by the methods of a class"(peer) {
    const counter = await peer.connect("/counter");
    assert.deepEqual(await ask(counter, "add", 2), [["/counter", {}, 2]]);
    assert.deepEqual(await ask(counter, "add", 3), [["/counter", {}, 5]]);
    const own = await peer.connect("/counter/me");
    assert.deepEqual(await ask(own, "add", 7), [["/counter/me", { owner: "me" }, 7]]);
  },
};

/** Refusals: older clients say who they are in a query, and hear of it in another way. */
const withAuth = {
  async "gets what a pattern captured in the name of its namespace"(peer) {
    const root = await peer.connect();
    for (const id of ["7", "%2F", "ü 😀", "__proto__", "{id}"]) {
      const job = peer.join(root, `/job/${id}`);
      await once(job, "welcome");
      assert.deepEqual(await ask(job, "which"), [[`/job/${id}`, JSON.parse(`{"id":${JSON.stringify(id)}}`)]]);
    }
    for (const name of ["/job/", "/job/7/8", "/jobs/7"]) {
      const [error] = await once(peer.join(root, name), "connect_error");
      assert.equal(error.message, "Invalid namespace");
    }
  },

  async "is let in, or refused with data, by a function"(peer) {
    const root = await peer.connect();
    const club = peer.join(root, "/club/chess", { auth: { member: "go" } });
    const [invalid] = await once(club, "connect_error");
    assert.equal(invalid.message, "Invalid namespace");
    club.auth = { banned: true };
    club.connect();
    const [banned] = await once(club, "connect_error");
    assert.equal(banned.message, "banned");
    assert.deepEqual(banned.data, { until: "tomorrow", name: "/club/chess" });
    club.auth = { member: "chess" };
    club.connect();
    await once(club, "welcome");
    assert.deepEqual(await ask(club, "which"), ["/club/chess"]);
    const other = peer.open("/club/chess", { auth: {} }); // the namespace is there now, and still not for everybody
    const [error] = await once(other, "connect_error");
    assert.equal(error.message, "Invalid namespace");
  },
};

module.exports = { forAllVersions, withAuth };
