// SPDX-License-Identifier: LGPL-2.1-or-later
"use strict";

const twilio = require("twilio");
const { assert, host, key, run } = require("./common.js");

// The client knows hosts of Twilio only: the address is set on its requests.
class Requests extends twilio.RequestClient {
  request(options) {
    const url = new URL(options.uri);

    return super.request({
      ...options,
      uri: `http://${host}${url.pathname}${url.search}`,
    });
  }
}

const account = "AC00000000000000000000000000000001";
const make = (token) => twilio(account, token, {
  httpClient: new Requests(),
});
const client = make(key);

run({
  "twilio call, transfer, hang up": async () => {
    const call = await client.calls.create({
      to: "+15035550100",
      from: "+15035550199",
      url: "https://voice.example.org/twiml",
      statusCallbackEvent: ["answered", "completed"],
    });

    assert.equal(call.status, "queued");
    assert.equal(call.to, "+15035550100");
    assert.match(call.sid, /^CA[0-9a-f]{32}$/);

    const moved = await client.calls(call.sid).update({
      twiml: "<Response><Dial>+15035550123</Dial></Response>",
    });
    assert.equal(moved.status, "in-progress");

    const ended = await client.calls(call.sid).update({ status: "completed" });
    assert.equal(ended.status, "completed");
    assert.equal((await client.calls(call.sid).fetch()).status, "completed");
    await assert.rejects(client.calls(call.sid).update({ twiml: "<R/>" }),
      (error) => error.code === 21220);
  },
  "twilio message": async () => {
    const message = await client.messages.create({
      to: "+15035550100",
      from: "+15035550199",
      body: "Your appointment is at nine.",
    });

    assert.equal(message.status, "queued");
    assert.equal(message.body, "Your appointment is at nine.");
  },
  "twilio wrong token": async () => {
    await assert.rejects(make("x").messages.create({
      to: "+1", from: "+2", body: "x",
    }), (error) => error.status === 401 && error.code === 20003);
  },
});
