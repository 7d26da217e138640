package org.bib.cli;

import java.io.PrintWriter;

/** What the commands share. */
record CommandContext(Builder builder, Environment environment, PrintWriter out, PrintWriter err) {}
