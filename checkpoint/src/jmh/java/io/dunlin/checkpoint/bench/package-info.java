/** Speed of parity, beside ISA-L. Start at {@link io.dunlin.checkpoint.bench.BesideIsaL}. */
package io.dunlin.checkpoint.bench;
