package io.dunlin.parallel.shard;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Where one bucket of a step lies.
 *
 * @param sums F32, this rank's partial sums; see {@link io.dunlin.train.GradientExchange.GradientPartials}
 * @param result F32, where the sum over all ranks ends up; may be one of the sums
 */
record BucketMemory(List<MemorySegment> sums, MemorySegment result) {}
