/** Speed of loops, beside the same loops in C. Start at {@link io.dunlin.collectives.bench.BesideC}. */
package io.dunlin.collectives.bench;
