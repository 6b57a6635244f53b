/**
 * The CPU as a device: off-heap memory, a fixed team of worker threads, and two sets of kernels.
 *
 * <p>Start at {@link io.dunlin.device.cpu.CpuDevice}. {@code PlainKernels} is the specification: scalar loops that say
 * what every kernel means. {@code FastKernels} is what training runs: oneDNN for matrix products, the Vector API for
 * the rest.
 *
 * <p>Invariant: work is cut into tiles by the shapes of a call alone, every tile is computed by one thread in one order,
 * and no tile writes what another one writes. So the bits of a result never depend on the number of threads.
 */
@NullMarked
package io.dunlin.device.cpu;

import org.jspecify.annotations.NullMarked;
