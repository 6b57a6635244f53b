package io.dunlin.launcher.cli;

/** Marks the verbs that compute in their own process, which therefore must have the flags of a rank. */
interface Computes {}
