import { type HttpProblem } from "./http-problem.ts";

/** The body of an error and its type. */
export interface ProblemBody {
  readonly type: string;
  readonly text: string;
}

/** An error as its reader wants it: JSON for the API, a small page for browsers, else words. */
export function problemBody(problem: HttpProblem, reader: "api" | "browser" | "program", base: string): ProblemBody {
  const { status, code, message } = problem;
  switch (reader) {
    case "api":
      return { type: "application/json", text: JSON.stringify({ error: { code, message } }) };
    case "browser":
      return { type: "text/html; charset=utf-8", text: page(status, message, base) };
    case "program":
      return { type: "text/plain; charset=utf-8", text: `${message}\n` };
  }
}

function page(status: number, message: string, base: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${status} - Millrace</title>
<link rel="stylesheet" href="${base}assets/problem.css">
<small>${status}</small>
<p>${escapeHtml(message)}</p>
<p><a href="${base}">What is live now</a></p>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
