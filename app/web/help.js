// SPDX-License-Identifier: LGPL-2.1-or-later
// What went wrong, in words, and what to do: {title, steps}.

// Where the same page works: a browser hands out the microphone on https and
// on the machine itself only.
export function secureAddress({ port, pathname }) {
  return `http://localhost${port ? `:${port}` : ""}${pathname}`;
}

function insecure({ location }) {
  const address = secureAddress(location);
  const port = location.port || "80";
  return {
    title: "The browser gives the microphone to secure pages only",
    steps: [
      `On the machine that runs Parley, open ${address}`,
      `From another machine, forward the port with
        ssh -L ${port}:localhost:${port} ${location.hostname}
        and open ${address} there.`,
      `Or give the server a certificate (parley serve --tls-cert) and open
        https://${location.host}${location.pathname}`,
    ].map((step) => step.replace(/\s+/g, " ")),
  };
}

const ALLOW = {
  firefox: "Press the microphone symbol left of the address and remove the block.",
  safari: "Choose Safari → Settings for This Website → Microphone → Allow.",
  ios: "Press the page symbol in the address bar, then Website Settings → Microphone → Allow.",
  chrome: "Press the symbol left of the address and switch Microphone on.",
};

export function browserOf(agent) {
  if (/iPhone|iPad/.test(agent)) return "ios";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Chrom(e|ium)\//.test(agent)) return "chrome";
  return /Safari\//.test(agent) ? "safari" : "chrome";
}

function denied({ agent, detail }) {
  const steps = [ALLOW[browserOf(agent || "")], "Then press Call again."];
  if (/system/i.test(detail || "")) {
    steps[0] =
      "Let the browser use the microphone in the system's privacy settings.";
  }
  return { title: "The microphone is not allowed", steps };
}

const FIXED = {
  missing: {
    title: "No microphone was found",
    steps: ["Plug one in or switch it on, then press Call again."],
  },
  taken: {
    title: "The microphone cannot be opened",
    steps: ["Close other programs that use it, then press Call again."],
  },
  unsupported: {
    title: "This browser is too old for a call",
    steps: ["Use a current Chrome, Edge, Firefox or Safari."],
  },
  busy: {
    title: "All lines are in use",
    steps: ["Press Call again in a moment."],
  },
  forbidden: {
    title: "The server refuses calls from this page",
    steps: [
      "It takes signed calls only, or a proxy in front of it blocks /media.",
      "Start parley serve without --auth-token-env to talk from a browser.",
    ],
  },
  proxy: {
    title: "The call could not be connected",
    steps: [
      "The server answers, but its websocket at /media does not.",
      "If there is a proxy in front of it, let it pass Upgrade requests.",
    ],
  },
  unreachable: {
    title: "The server does not answer",
    steps: ["Check that parley serve is running, then press Call again."],
  },
  lost: {
    title: "The connection to the server was lost",
    steps: ["Check the network and the server, then press Call again."],
  },
};

// kind: a key of FIXED, "insecure" (needs location) or "denied" (may use agent
// and detail); others are told as they are.
export function explain(kind, facts = {}) {
  if (kind === "insecure") return insecure(facts);
  if (kind === "denied") return denied(facts);
  return (
    FIXED[kind] || { title: "The call failed", steps: [facts.detail || kind] }
  );
}

// What kind an error of getUserMedia is.
export function microphoneProblem(name) {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "taken";
    default:
      return "other";
  }
}

// What a refused socket means, from the status of the same address by GET
// (null: no answer). The socket itself does not tell.
export function socketProblem(status) {
  if (status === null) return "unreachable";
  if (status === 503 || status === 429) return "busy";
  return status === 401 || status === 403 ? "forbidden" : "proxy";
}
