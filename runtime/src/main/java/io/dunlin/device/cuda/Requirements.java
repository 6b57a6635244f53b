package io.dunlin.device.cuda;

/** What CUDA needs of a machine, and what is said of it where it is not there. */
final class Requirements {
    /** The major version that JCuda is bound to: other ones of the libraries do not serve. */
    static final int CUDA = 12;

    /** The least compute capability for which the shipped PTX is. */
    static final int CAPABILITY = 8;

    static final String DRIVER = "libcuda.so.1";
    static final String BLAS = "libcublas.so." + CUDA;
    static final String COMPILER = "libnvrtc.so." + CUDA;
    static final String INSTALL_DRIVER = "install the driver of NVIDIA, 525 or newer";
    static final String COMPARE_GPUS = "compare CUDA_VISIBLE_DEVICES with `nvidia-smi -L`";

    private Requirements() {}

    static CudaException noDriver(Throwable cause) {
        return CudaException.unavailable("there is no driver (%s)".formatted(DRIVER), INSTALL_DRIVER, cause);
    }

    /** {@code found} is the major version of a cuBLAS that does not serve; 0 if there is none. */
    static CudaException noBlas(int found, Throwable cause) {
        String other = found == 0 ? "" : ", and libcublas.so.%d does not serve".formatted(found);
        String beside = found > CUDA
                ? "the driver is right, it runs programs of CUDA %d too; beside CUDA %d ".formatted(CUDA, found)
                : "";
        return CudaException.unavailable(
                BLAS + " is not found" + other,
                beside
                        + "install cuBLAS of CUDA 12: package libcublas-12-x of NVIDIA or the distribution, or `pip"
                        + " install nvidia-cublas-cu12` with its folder nvidia/cublas/lib on LD_LIBRARY_PATH",
                cause);
    }

    static CudaException noCompiler(Throwable cause) {
        return CudaException.unavailable(
                COMPILER + " is not found", "install NVRTC of CUDA 12, or put its folder on LD_LIBRARY_PATH", cause);
    }
}
