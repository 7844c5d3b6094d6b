//! What a stream of objects can be refused for; never with a value in it.

use std::fmt;

use yaml::Position;

/// One thing that is wrong with a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Index of the document, from 0.
    pub document: usize,
    /// Where.
    pub position: Position,
    /// Where in the object: `metadata.name`, `data.password`. Empty where there is no object.
    pub path: String,
    /// What is wrong, in words without content of the file.
    pub what: String,
}

/// Everything that is wrong with a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadErrors(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: ",
            self.position.line, self.position.column
        )?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

impl fmt::Display for ReadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadErrors {}
