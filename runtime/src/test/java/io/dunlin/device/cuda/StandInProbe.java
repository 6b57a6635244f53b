package io.dunlin.device.cuda;

import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A process that says which GPU it finds, and what the kernels of training make of 16 ones and 16 numbers to add up. */
final class StandInProbe {
    private StandInProbe() {}

    public static void main(String[] arguments) {
        try (CudaDevice device = CudaDevice.open(CudaOptions.of(0, Path.of(arguments[0])))) {
            Stream stream = device.stream("probe");
            MemorySegment memory = device.allocate("probe", 16 * Float.BYTES);
            MemorySegment host = device.allocateHost("probe", memory.byteSize());
            stream.upload(host, memory);
            Tensor ones = Tensor.of(DType.F32, Shape.of(4, 4), memory);
            stream.kernels().fill(ones, 1);
            Tensor products = Tensor.of(DType.F32, Shape.of(4, 4), device.allocate("probe", 16 * Float.BYTES));
            stream.kernels().linear(ones, ones, Tensor.NONE, Tensor.NONE, products);
            System.out.println(device.description());
            System.out.println("sum " + stream.kernels().sum(products));
        }
    }
}
