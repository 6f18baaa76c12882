// Our engine, in one process of its own that answers line by line.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Engine {
  constructor(path) {
    this.child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    this.child.on('exit', (code) => {
      for (const { reject } of this.waiting) reject(new Error(`our engine ended with ${code}`));
    });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line);
      this.waiting.shift().resolve(answer);
    });
  }

  /** What our engine makes of a pair or an expression. */
  ask(question) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ id: 0, ...question })}\n`);
    });
  }

  close() {
    this.child.stdin.end();
  }
}
