/**
 * A GPU of NVIDIA as a device, by the driver interface of CUDA and cuBLAS.
 *
 * <p>Start at {@link io.dunlin.device.cuda.CudaDevice}. {@code CudaNatives} loads what is native, {@code CudaContext}
 * owns the connection to the GPU, {@code CudaStream} puts copies and kernels in order, {@code Cu} turns every status into
 * a {@link io.dunlin.device.cuda.CudaException} that names the call.
 *
 * <p>Invariant: the types of JCuda stay in this package, and only its driver interface and {@code JCublas2} are used: the
 * runtime interface ({@code jcuda.runtime}) would bring a second, hidden state of the GPU. Memory of the GPU is a {@link
 * java.lang.foreign.MemorySegment} that has an address and a length and that no thread of the host may read.
 */
@NullMarked
package io.dunlin.device.cuda;

import org.jspecify.annotations.NullMarked;
