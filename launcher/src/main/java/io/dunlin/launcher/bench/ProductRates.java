package io.dunlin.launcher.bench;

import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.launcher.bench.RateMeter.Subject;
import io.dunlin.launcher.bench.RateMeter.Work;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.List;

/** The three products of a linear layer, in one type. */
final class ProductRates {
    private final RateMeter meter;
    private final Stream stream;
    private final Workspace workspace;
    private final DType type;

    ProductRates(RateMeter meter, Stream stream, Workspace workspace, DType type) {
        this.meter = meter;
        this.stream = stream;
        this.workspace = workspace;
        this.type = type;
    }

    void measure(List<BenchSize.Product> products) {
        for (BenchSize.Product product : products) {
            workspace.clear();
            Tensor x = workspace.random(type, product.rows(), product.inputs());
            Tensor w = workspace.random(type, product.outputs(), product.inputs());
            Tensor y = workspace.random(type, product.rows(), product.outputs());
            Tensor dw = workspace.empty(DType.F32, product.outputs(), product.inputs());
            Kernels kernels = stream.kernels();
            measure("linear", product, () -> kernels.linear(x, w, Tensor.NONE, Tensor.NONE, y));
            measure("linear, of inputs", product, () -> kernels.linearBackwardInput(y, w, x, 0));
            measure("linear, of weights", product, () -> kernels.linearBackwardWeight(y, x, dw, Tensor.NONE, 0));
        }
    }

    private void measure(String name, BenchSize.Product product, Runnable call) {
        long flops = 2 * product.rows() * product.inputs() * product.outputs();
        Subject subject = Subject.of(name, type, product.rows(), product.inputs(), product.outputs());
        meter.measure(subject, Work.computing(flops), call, stream::synchronize);
    }
}
