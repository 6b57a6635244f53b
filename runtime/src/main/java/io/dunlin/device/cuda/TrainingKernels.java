package io.dunlin.device.cuda;

import io.dunlin.device.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The kernels of training for the streams of one device: one module for all, a handle of cuBLAS for each. */
final class TrainingKernels implements KernelFactory {
    private final List<Blas> handles = new ArrayList<>();
    private Optional<KernelModule> module = Optional.empty();

    @Override
    public Kernels kernels(CudaStream stream) {
        KernelModule loaded =
                module.orElseGet(() -> KernelModule.ofResource(stream.account(), CudaKernels.class, "kernels.ptx"));
        module = Optional.of(loaded);
        Blas blas = new Blas(stream);
        try {
            CudaKernels kernels = new CudaKernels(stream, loaded, blas);
            handles.add(blas);
            return kernels;
        } catch (RuntimeException e) {
            blas.close(); // the stream it belongs to will not come to be
            throw e;
        }
    }

    @Override
    public void close() {
        handles.forEach(Blas::close);
        handles.clear();
        module.ifPresent(KernelModule::close);
        module = Optional.empty();
    }
}
