package io.dunlin.device.cuda;

import io.dunlin.device.Kernels;

/** Makes the kernels of the streams of one device. */
@FunctionalInterface
interface KernelFactory {
    /** The kernels of a stream, when they are first asked for; runs on the owner of the context. */
    Kernels kernels(CudaStream stream);

    /** Gives back what the kernels share, before the streams are closed; runs on the owner of the context. */
    default void close() {}
}
