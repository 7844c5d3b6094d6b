//! The parser's errors in words of ours, which hold no byte of the text.

use granit_parser::{ErrorKind, ScanError};

use super::guard::TOO_DEEP;
use crate::error::position_of;
use crate::{Position, SyntaxError};

/// Place and kind of a parser's error.
pub(crate) fn syntax_error(text: &str, error: &ScanError) -> SyntaxError {
    let marker = error.marker();
    let at = match marker.byte_offset() {
        Some(byte) => position_of(text, byte),
        None => Position {
            line: marker.line().max(1),
            column: marker.col() + 1,
        },
    };
    SyntaxError {
        at,
        what: what(error.kind()),
    }
}

fn what(kind: &ErrorKind) -> &'static str {
    use ErrorKind as E;
    match kind {
        E::TooManyComments => "too many comments in one place",
        E::RecursionLimitExceeded => TOO_DEEP,
        E::UnexpectedEofFlowSequence | E::ExpectedFlowSequenceSeparator => "sequence in [ ] is not closed",
        E::UnexpectedEofFlowMapping | E::ExpectedFlowMappingSeparator => "mapping in { } is not closed",
        E::UnexpectedEofImplicitFlowMapping | E::UnclosedFlowCollection { .. } => "bracket is not closed",
        E::UnexpectedEofBlockSequence | E::UnexpectedEofBlockMapping | E::UnexpectedEof => {
            "text ends too early"
        }
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => "bracket closes nothing",
        E::DuplicateVersionDirective | E::DuplicateTagDirective => "directive given twice",
        E::UnsupportedYamlMajorVersion => "YAML version is not supported",
        E::ExpectedDocumentStart => "content after the end of the document, or wrong indentation",
        E::MissingDocumentEndBeforeDirective => "directive needs '...' before it",
        E::AnchorCountOverflow => "too many anchors",
        E::UnknownAnchor => "alias of an anchor that does not exist",
        E::MissingAnchorOrAliasName => "anchor or alias without a name",
        E::ExpectedNodeContent => "value expected",
        E::ExpectedBlockMappingKey => "key expected, or wrong indentation",
        E::ExpectedBlockSequenceEntry => "'- ' expected, or wrong indentation",
        E::BlockEntryInFlowCollection
        | E::BlockSequenceEntryNotAllowed
        | E::InvalidBlockEntryWhitespace
        | E::PlainScalarStartsWithDashFlowIndicator => "'-' is not allowed here",
        E::UndeclaredTagHandle => "tag handle is not declared",
        E::ExpectedTagBang
        | E::ExpectedTagDirectiveBang
        | E::InvalidGlobalTagCharacter
        | E::InvalidTagDirectiveTerminator
        | E::InvalidTagTerminator
        | E::MissingTagUri
        | E::UnclosedVerbatimTag
        | E::InvalidTagEscape
        | E::InvalidTagUtf8LeadingByte
        | E::InvalidTagUtf8TrailingByte
        | E::InvalidTagUtf8 => "tag is not well formed",
        E::SimpleKeyExpected | E::InvalidSimpleKey => "':' expected after a key, or a key too long",
        E::InvalidDocumentEnd => "content after '...'",
        E::InvalidIndentation
        | E::InvalidBlockScalarIndent
        | E::InvalidQuotedScalarIndent
        | E::InvalidFlowScalarIndent => "wrong indentation",
        E::BomInsideDocument => "byte order mark inside the text",
        E::UnexpectedCharacter { .. } => "character that cannot start a value",
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => "tab where only spaces are allowed",
        E::CommentInterceptedScalar => "comment inside a value of several lines",
        E::ExpectedWhitespace => "white space expected",
        E::CommentNotSeparated => "comment needs a space before it",
        E::InvalidDirectiveTerminator
        | E::DirectiveDisallowed
        | E::MissingYamlVersionSeparator
        | E::MissingDirectiveName
        | E::InvalidDirectiveName
        | E::DirectiveByteLimitExceeded { .. }
        | E::TooManyReservedDirectiveParams { .. }
        | E::YamlVersionTooLong
        | E::MissingYamlVersion => "directive is not well formed",
        E::ZeroBlockScalarIndent | E::InvalidBlockScalarHeader => {
            "header of a block scalar is not well formed"
        }
        E::DocumentIndicatorInQuotedScalar => "document marker inside quotes",
        E::UnclosedQuotedScalar => "quotes are not closed",
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "text after the closing quote"
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate
        | E::InvalidUnicodeEscape => "escape in quotes is not well formed",
        E::UnexpectedEndOfPlainScalar => "value expected",
        E::MappingKeyNotAllowed
        | E::FlowMappingValueAdjacentCollection
        | E::InvalidMappingValueWhitespace
        | E::InvalidColonPlacement
        | E::MappingValueNotAllowed => {
            "mapping is not allowed here: wrong indentation, ': ' inside a value, or a key too long"
        }
        _ => "not well-formed YAML",
    }
}
