package io.dunlin.train;

import io.dunlin.device.HostAccess;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/** The squares of this rank's part of a gradient, as numbers whose sums over the ranks make the global norm. */
public sealed interface GradientNorm {
    /** Forgets what was added. */
    void clear();

    /** Adds the squares of some elements. */
    void add(Tensor part);

    /** The parts of the sum of squares; the same array each time. */
    double[] squares();

    /** The sum of squares from the sums of all ranks' parts. */
    double total(double[] squares);

    /** One sum, in whichever order is fastest. */
    final class Fast implements GradientNorm {
        private final Kernels kernels;
        private final double[] squares = new double[1];

        Fast(Kernels kernels) {
            this.kernels = kernels;
        }

        @Override
        public void clear() {
            squares[0] = 0;
        }

        @Override
        public void add(Tensor part) {
            squares[0] += kernels.sumOfSquares(part);
        }

        @Override
        public double[] squares() {
            return squares;
        }

        @Override
        public double total(double[] sums) {
            return sums[0];
        }
    }

    /** A sum without rounding: the same bits however the gradient is cut. */
    final class Exact implements GradientNorm {
        private final HostAccess host;
        private final ExactSquares sum = new ExactSquares();
        private final HostAccess.Sink<RuntimeException> sink = sum::add;
        private final double[] squares = new double[ExactSquares.LIMBS];

        Exact(HostAccess host) {
            this.host = host;
        }

        @Override
        public void clear() {
            sum.clear();
        }

        @Override
        public void add(Tensor part) {
            host.read(part.segment(), sink);
        }

        @Override
        public double[] squares() {
            sum.limbs(squares);
            return squares;
        }

        @Override
        public double total(double[] sums) {
            return ExactSquares.value(sums);
        }
    }
}
