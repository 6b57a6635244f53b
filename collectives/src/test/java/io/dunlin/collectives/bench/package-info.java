/**
 * First figures of the data plane, by hand: {@link io.dunlin.collectives.bench.AllReduceBenchmark}. They are printed, not
 * checked.
 */
@NullMarked
package io.dunlin.collectives.bench;

import org.jspecify.annotations.NullMarked;
